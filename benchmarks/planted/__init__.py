"""DICOM files with planted identities, the key to them, and how outputs are scored.

Nobody in them ever lived. Every identity, and everything that research needs kept, is
written down in the key as the file is made, in the form of MIDI-B's answers.

    python -m benchmarks.planted make FOLDER
    python -m benchmarks.planted score --answers answers.db --files CLEANED ...
"""
