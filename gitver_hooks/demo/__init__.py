"""Plays ``gitver demo``: a tour of daily work, and a history with a planted drop."""
