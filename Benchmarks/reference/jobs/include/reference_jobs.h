// A plain SQLite loop: see reference_jobs.c.
#pragma once

/// Puts `rounds` times `group` jobs into a new file at `path`, and in the next round takes each out again with its page of
/// `page_bytes`; one synced transaction a round. Answers the seconds it took, or less than 0 if SQLite failed.
double reference_jobs(const char *path, int rounds, int group, int page_bytes);
