# SPDX-License-Identifier: Apache-2.0
"""What people read: gettext catalogues in kk, ru and en, and the words of every error code."""
