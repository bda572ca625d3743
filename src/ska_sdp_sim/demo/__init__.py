"""The demonstration: a whole observation, driven and watched from outside through Tango."""
