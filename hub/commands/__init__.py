"""The commands of `hub`, a module for each thing that they are about; `hub.cli` puts them together."""
