"""The health of an installation: what is wrong with it, why, and what to do now; counts and codes only, nothing personal."""
