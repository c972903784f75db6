"""The tests.

What they compile is kept, also where PYTHONDONTWRITEBYTECODE is set: to rewrite every assert anew takes each worker ten
seconds of every run.
"""

import sys

sys.dont_write_bytecode = False
