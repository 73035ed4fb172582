"""UWV: files of young people who belong at the gemeente or the doorstroompunt, with what UWV decided, as yes or no."""
