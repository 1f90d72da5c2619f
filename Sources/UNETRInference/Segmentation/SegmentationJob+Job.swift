public import UNETRSupport

extension SegmentationJob {
    /// The work of `run` in the form of long work; the last event is `ended`.
    ///
    /// A reader that throws stops it; the files of the scans that are done are in order all the same.
    public func job() -> LongJob<Event> {
        LongJob { report in
            let outcomes = try StopOnError.run { stop in run { event in stop.catching { try report(event) } } }
            try report(.ended(outcomes))
        }
    }
}
