"""Settings of the whole suite."""

from hypothesis import HealthCheck, settings

# Machines that run the tests are shared: a slow example is not a wrong one.
settings.register_profile(
    "shared",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")
