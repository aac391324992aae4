from . import discard
