"""What ``textcnn serve`` says over HTTP: requests in, JSON out."""
