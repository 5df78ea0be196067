"""Draws what commands say: tables, bars, numbers and words."""
