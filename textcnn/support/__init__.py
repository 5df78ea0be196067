"""What any program needs: errors, files, locks, threads and processes.
It knows nothing of sentences or networks.
"""
