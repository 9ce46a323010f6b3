"""Models for other programs: ONNX files and GraphDefs."""
