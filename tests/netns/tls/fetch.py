# SPDX-License-Identifier: Apache-2.0
# Prints what the URL returns.
import ssl
import sys
import urllib.request

print(urllib.request.urlopen(sys.argv[1], timeout=5, context=ssl._create_unverified_context()).read().decode())
