"""What any program needs: errors, files, locks, tables, threads and processes.
It knows nothing of sentences or networks.
"""
