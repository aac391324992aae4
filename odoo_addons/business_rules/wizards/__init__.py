from . import apply_template, dashboard
