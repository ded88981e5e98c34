"""The commands of `ohmgrad`: their options, help texts and exit codes; `scripts.cli` puts them together."""
