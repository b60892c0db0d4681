"""What serves: releases, requests, feedback, monitoring."""
