# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines that only `verify.html` writes: what a browser does not check, and who does. All others it has from the other tables."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "page.inside_not_looked": N_(
        "Time and number of pictures inside the segments were not compared with their statements: this page does not look into film. kua bundle verify and verify.pyz do."
    ),
    "page.masks_not_looked": N_(
        "Whether the booths are filled in the pictures themselves was not looked at: this page decodes no pictures. kua bundle verify --pixels does."
    ),
    "page.copy_not_compared": N_(
        "The working copy was not compared with the segments: this page does not build it anew. kua bundle verify and verify.pyz do."
    ),
    "page.copies_not_named": N_(
        "Files that are called like working copies: {count}. Whether they are those of this film was not checked."
    ),
    "page.commission_not_asked": N_(
        "Whether that signer really is the commission: this page knows no key of it. kua bundle verify --commission compares it with the key that you have."
    ),
    "page.token_not_checked": N_(
        "{name} is the token of a time authority: this page does not read such tokens. kua bundle verify --authority does."
    ),
    "page.quantum_not_checked": N_("Signatures of the kind ML-DSA-44 were not checked, since this browser does not know them: {count}."),
    "page.stumbled": N_(
        "The page stumbled over this file ({why}). That is a fault of the page and says nothing about the film: use python3 verify.pyz."
    ),
}
