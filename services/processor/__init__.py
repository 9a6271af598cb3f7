"""The Faust application that folds events into visits and visits into footfall."""
