import Testing

/// Everything that starts whole clusters: one test after the other, so that none of them waits for another's processes.
@Suite(.serialized) enum ClusterTests {}
