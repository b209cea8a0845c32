#!/bin/sh
# Packages that are installed in an image must not start their services.
exit 101
