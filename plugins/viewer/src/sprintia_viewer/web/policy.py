"""What a page may load, and who may keep it: the headers of every page of the viewer."""

from collections.abc import Mapping

_RULES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",  # Pico draws its marks by data: images
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def page_headers(*, style_nonce: str | None = None, sign_in_at: str | None = None) -> Mapping[str, str]:
    """The headers of a page.

    Args:
        style_nonce: lets the editor, and nothing else, bring styles of its own.
        sign_in_at: the origin of the identity provider that the sign-in form leads to: browsers apply `form-action` to
            the redirect too.
    """
    rules = dict(_RULES)
    if style_nonce is not None:
        rules["style-src"] += f" 'nonce-{style_nonce}'"
    if sign_in_at is not None:
        rules["form-action"] += f" {sign_in_at}"
    return {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in rules.items()),
        # Pages hold a tenant's configuration: after signing out the back button must not show them.
        "Cache-Control": "no-store",
        "Vary": "Cookie, Accept-Language",
    }
