"""What was promised, what was done, and what stands behind each claim: frames, values, status, findings, evidence."""
