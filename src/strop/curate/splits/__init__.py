"""Who is trained on and who is held out, by group, time, label and near copies."""
