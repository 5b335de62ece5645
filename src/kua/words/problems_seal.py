# SPDX-License-Identifier: Apache-2.0
"""Words of the errors about the sealed film: the quorum in the election file, shares, and opening."""

from kua.words.problem import N_, Problem

_MEND_FILE = N_("Correct the section “sealed” of the election file and let the commission sign it again.")
_CARRY_AGAIN = N_("Copy the slice again from the station's box, byte for byte. If it stays so, keep both copies: they are evidence.")
_KEEP_AND_TELL = N_("Keep the files as they are and tell the commission and the observers: the station or somebody after it has altered them.")
_ASK_TRUSTEE = N_("Ask the trustee for the share of this slice again, made by “kua seal share”.")

PROBLEMS: dict[str, Problem] = {
    "sealed.phase": Problem(
        what=N_("The sealed film is ordered for phases that cannot be: {given}."),
        why=N_("At least one phase must be named, each once, by its word in the election file."),
        do=_MEND_FILE,
    ),
    "sealed.too_many": Problem(
        what=N_("The quorum of the sealed film has too many {what}."),
        why=N_("There can be at most 16 groups, 16 trustees in a group and 64 trustees in all."),
        do=_MEND_FILE,
    ),
    "sealed.threshold": Problem(
        what=N_("Group {group} needs {needed} of {there}: that can never be, or says nothing."),
        why=N_("At least one must be needed, and no more than there are. A * stands for the groups themselves."),
        do=_MEND_FILE,
    ),
    "sealed.lone": Problem(
        what=N_("Group {group} needs one trustee of {there}."),
        why=N_("SLIP-39 has no such group: every member would hold the same words."),
        do=N_("Make {there} groups of one trustee each, or let the group need two. Then let the commission sign the file again."),
    ),
    "sealed.twice": Problem(
        what=N_("A {what} stands twice in the quorum of the sealed film: {name}."),
        why=N_("One holder with two shares would count twice."),
        do=_MEND_FILE,
    ),
    "sealed.recipient": Problem(
        what=N_("The age key of trustee {trustee} cannot be right."),
        why=N_("It must be the public key “age1...” of an X25519 identity; a letter was lost or changed, or it is of another kind."),
        do=N_("Ask the trustee for the public key again (“age-keygen -y”), and let the commission sign the corrected file."),
    ),
    "sealed.days": Problem(
        what=N_("A sealed film cannot be kept for {given} days."),
        why=N_("The number of days must be from 1 to {most}."),
        do=_MEND_FILE,
    ),
    "sealed.one_opens": Problem(
        what=N_("One trustee alone could open the sealed film."),
        why=N_("The quorum must need at least two trustees; that is the whole purpose of dividing the key."),
        do=_MEND_FILE,
    ),
    "sealed.off": Problem(
        what=N_("No sealed film is kept in this phase."),
        why=N_("The election file does not order one; that is the rule."),
        do=N_("Nothing needs to be done. Whoever wants one must decide it before the opening, in the election file."),
    ),
    "sealed.no_law": Problem(
        what=N_("A sealed film is ordered, but the law does not allow one in this phase (article: {article})."),
        why=N_("The legal profile has no clause “sealed_film” with this phase."),
        do=N_("Take the phase out of the election file, or use a legal profile that allows it."),
    ),
    "seal.failed": Problem(
        what=N_("The sealed film could not be encrypted ({why})."),
        why=N_("Making the key, dividing it or encrypting failed; no sealed film is made until it works again."),
        do=N_("Check the section “sealed” of the election file and that the extra “station” is installed whole."),
    ),
    "seal.form": Problem(
        what=N_("A file of the sealed film cannot be read ({what})."),
        why=N_("It does not have the form of docs/spec/sealed.md."),
        do=_CARRY_AGAIN,
    ),
    "seal.no_file": Problem(
        what=N_("{file} cannot be read."),
        why=N_("It is not where it was looked for, or it is far too long for what it should be."),
        do=N_("Give the right path; “kua seal --help” says what belongs where."),
    ),
    "seal.no_age": Problem(
        what=N_("This is not a file that age encrypted to a public key."),
        why=N_("Its header is missing, cut off or of another kind."),
        do=_CARRY_AGAIN,
    ),
    "seal.passphrase": Problem(
        what=N_("The file is protected with a passphrase and is not opened."),
        why=N_("No station makes such files; a stranger's can ask for hours of work and gigabytes of memory."),
        do=_KEEP_AND_TELL,
    ),
    "seal.not_for": Problem(
        what=N_("The file was encrypted to another key."),
        why=N_("The identity that was given does not belong to the public key in the election file."),
        do=N_("Give the identity file of this very trustee."),
    ),
    "seal.damaged": Problem(
        what=N_("The encrypted file is damaged."),
        why=N_("It was cut off or changed after it was encrypted."),
        do=_CARRY_AGAIN,
    ),
    "seal.identity": Problem(
        what=N_("This is not an age identity file."),
        why=N_("It must hold one line “AGE-SECRET-KEY-1...” as “age-keygen” writes it."),
        do=N_("Give the trustee's own identity file."),
    ),
    "seal.identity_locked": Problem(
        what=N_("The identity file is itself protected with a passphrase."),
        why=N_("Files with a passphrase are not opened here."),
        do=N_("Open it yourself and hand it over in a pipe: “age -d identity.age | kua seal share --identity - ...”."),
    ),
    "seal.no_quorum": Problem(
        what=N_("Election {election} keeps no sealed film."),
        why=N_("Its file has no section “sealed”, so there is nobody who could open anything."),
        do=N_("Give the election file under which the slice was sealed."),
    ),
    "seal.other_quorum": Problem(
        what=N_("Slice {slice} was sealed to another quorum."),
        why=N_("The hash of the quorum in its leaf is not that of this election file."),
        do=N_("Give the election file, in the version, under which the slice was sealed."),
    ),
    "seal.no_trustee": Problem(
        what=N_("There is no trustee called {given}."),
        why=N_("The slice has shares of: {known}."),
        do=N_("Give the trustee's name as it stands in the election file."),
    ),
    "seal.share_altered": Problem(
        what=N_("The encrypted share of {trustee} is not the one that the station stated."),
        why=N_("Its hash is not the one in the slice's leaf."),
        do=_CARRY_AGAIN,
    ),
    "seal.share_wrong": Problem(
        what=N_("The share of {trustee} (group {group}) is not the one that the station committed to."),
        why=N_("Its commitment is not the one in the slice's leaf: the share was altered, or the station gave another one."),
        do=_ASK_TRUSTEE,
    ),
    "seal.share_other": Problem(
        what=N_("The share belongs to another slice: {given}."),
        why=N_("Wanted is a share of {wanted}; the share of one slice opens no other."),
        do=_ASK_TRUSTEE,
    ),
    "seal.share_twice": Problem(
        what=N_("The share of {trustee} was given twice."),
        why=N_("Each trustee counts once."),
        do=N_("Give each share once."),
    ),
    "seal.lacking": Problem(
        what=N_("The shares are not enough: {there} of {needed} groups are complete."),
        why=N_("What each incomplete group has and needs: {lacks}."),
        do=N_("Bring the shares that are lacking. Without a quorum nobody can open the slice."),
    ),
    "seal.shares_disagree": Problem(
        what=N_("The shares do not fit together."),
        why=N_("They are what the station committed to, but no quorum of them gives a key: the station divided the key wrongly."),
        do=_KEEP_AND_TELL,
    ),
    "seal.key_wrong": Problem(
        what=N_("The shares give a key, but not the key of this slice."),
        why=N_("Its public half is not the one in the slice's leaf: the station divided another key."),
        do=_KEEP_AND_TELL,
    ),
    "seal.piece_missing": Problem(
        what=N_("Pieces of the slice are missing: {there} of {wanted} are here."),
        why=N_("Each piece is an .age file with its .json beside it; the leaf says how many there were."),
        do=_CARRY_AGAIN,
    ),
    "seal.root": Problem(
        what=N_("The pieces of slice {slice} are not those that the station stated."),
        why=N_("The root over their records is not the one in the slice's leaf."),
        do=_CARRY_AGAIN,
    ),
    "seal.piece_altered": Problem(
        what=N_("Piece {piece} is not the one that the station stated."),
        why=N_("Its length or hash is not the one in its record: it was cut off or changed."),
        do=_CARRY_AGAIN,
    ),
    "seal.commit": Problem(
        what=N_("The film inside piece {piece} is not the one that the station committed to."),
        why=N_("It opens, but its salted commitment or its place differs from what was stated in time."),
        do=_KEEP_AND_TELL,
    ),
    "seal.masks": Problem(
        what=N_("A booth is not filled in piece {piece} of the sealed film; nothing was written."),
        why=N_("A picture differs from the fill colour by {worst} levels; allowed are {allowed}. The secrecy of the vote stands above the order to open."),
        do=_KEEP_AND_TELL,
    ),
    "seal.other_calibration": Problem(
        what=N_("The calibration file is not the one under which camera {cam} was sealed."),
        why=N_("Its hash is not the one in the slice's leaf, so it cannot say where the booths were."),
        do=N_("Give the file that the leaf names; it is published with the film."),
    ),
    "seal.two_people": Problem(
        what=N_("Two people must sign; there is {held}."),
        why=N_("Nobody opens a sealed film, or takes out a share, alone."),
        do=N_("Give --sign and --certificate twice, with the keys of two different people."),
    ),
    "seal.signer_elsewhere": Problem(
        what=N_("{name} is certified for another place or election."),
        why=N_("The opening concerns station {station}."),
        do=N_("Let two people sign who are certified for this station or its region."),
    ),
    "seal.order": Problem(
        what=N_("The order cannot stand in the record."),
        why=N_("It must be one line of at most 256 plain letters, digits and signs (ASCII)."),
        do=N_("Cite number and date of the order, or the article."),
    ),
    "seal.audit_phase": Problem(
        what=N_("A slice of the phase {phase} is not audited."),
        why=N_("Only slices of rehearsals are opened to see whether the shares would do."),
        do=N_("Draw a slice of the rehearsal with “kua seal pick”."),
    ),
    "seal.audit_absent": Problem(
        what=N_("The share of {trustee} was not given."),
        why=N_("An audit wants the shares of all trustees: each must be seen to work."),
        do=_ASK_TRUSTEE,
    ),
}
