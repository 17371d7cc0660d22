"""Whether a URI may hold credentials; the work of taking them out is done only then."""


def without_credentials(uri: str) -> str:
    """``uri`` without user, password and secret query parameters (see ``masking``).

    A URI without either mark is returned as it is, without the cost of importing what parses it:
    this runs in every hook and at an app's start.
    """
    if "@" not in uri and "?" not in uri:
        return uri
    from gitver_hooks.common.masking import strip_credentials

    return strip_credentials(uri)
