"""What tests share: databases, running platforms, deliveries."""
