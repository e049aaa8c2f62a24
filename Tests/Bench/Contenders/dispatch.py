#!/usr/bin/python3
"""AuthorizedKeysCommand: the owner of an account's key can run the shell. Arguments: %t %k."""
import os
import sys

key_type, key = sys.argv[1:]
shell = os.path.join(os.path.dirname(os.path.realpath(__file__)), "shell.py")
print(f'restrict,pty,command="{shell} {key_type} {key}" {key_type} {key}')
