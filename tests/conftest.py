"""Law tests have no deadline: the first example may load a library or compile a kernel."""

from hypothesis import settings

settings.register_profile("carnk", deadline=None)
settings.load_profile("carnk")
