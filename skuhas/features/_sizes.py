"""To what size an image is scaled before a network sees it."""

from skuhas._common import check_choice, check_integer, fit_within

SIDES = ("longer", "shorter")


def check_image_size(image_size, side, least=1):
    """Raise unless the two parameters say how to scale images.

    Parameters
    ----------
    image_size : int, (int, int) or None
    side : {"longer", "shorter"}
    least : int, default=1
        The smallest side in pixels that is of any use.
    """
    check_choice(side, "side", SIDES)
    if image_size is None:
        return
    if isinstance(image_size, (tuple, list)):
        if len(image_size) != 2:
            raise ValueError(
                "image_size must be an integer, (height, width) or None, got "
                f"{image_size!r}."
            )
        for value in image_size:
            check_integer(value, "image_size", low=least)
        return
    check_integer(image_size, "image_size", low=least)


def scaled_shape(shape, image_size, side, multiple, *, round_up=False):
    """Return the height and width that an image is scaled to.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image in pixels.
    image_size : int, (int, int) or None
        Length of one side, the aspect kept; both; or None for the image's own.
    side : {"longer", "shorter"}
        Which side an integer is the length of.
    multiple : int
        Sides are brought to multiples of this, and to at least one of it.
    round_up : bool, default=False
        To the next multiple above rather than to the nearest.

    Returns
    -------
    (int, int)
    """
    if isinstance(image_size, (tuple, list)):
        wanted = tuple(image_size)
    elif image_size is None:
        wanted = shape
    else:
        longer = image_size
        if side == "shorter":
            longer = image_size * max(shape) / min(shape)
        wanted = fit_within(shape, longer)
    if round_up:
        height, width = (-(-length // multiple) * multiple for length in wanted)
    else:
        # Halves go up, not to the even one.
        height, width = (
            max(1, (2 * length + multiple) // (2 * multiple)) * multiple
            for length in wanted
        )
    return height, width
