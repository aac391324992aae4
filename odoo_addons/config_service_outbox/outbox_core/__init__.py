"""What the addons need of the configuration service, in plain Python: nothing here knows Odoo.

Only `requests` and `cryptography` are needed beside the standard library, from Python 3.10 on.
"""
