# SPDX-License-Identifier: Apache-2.0
"""Detectors of faces and people on onnxruntime: boxes out, nothing else. Weights are files that somebody installed, checked by their hash."""
