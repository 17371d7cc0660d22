"""What ``gitver demo`` plays: a tour of daily work, and a history with a planted drop."""
