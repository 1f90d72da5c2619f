import ArgumentParser

/// A command that stops by itself, between two steps of its work, when its cancellation says so. Any other is ended at once by a signal.
protocol StoppableCommand: ParsableCommand {}
