# SPDX-License-Identifier: Apache-2.0
"""Words of the errors about co-signing: policies, proof files, contradictory checkpoints, and the co-signer's own program."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "policy.form": Problem(
        what=N_("The co-signing policy cannot be read (line {line}: {why})."),
        why=N_("A policy that is not understood to the last line cannot be applied: one unknown line may be the one that matters."),
        do=N_("Mend the file after docs/spec/cosigning.md, or fetch it again from where it was published."),
    ),
    "tlogproof.form": Problem(
        what=N_("This is not a proof file of a log."),
        why=N_("The file breaks the format c2sp.org/tlog-proof@v1 ({why})."),
        do=N_("Use the file exactly as it was published, byte for byte; an editor may have changed it."),
    ),
    "fork.form": Problem(
        what=N_("This is not a file of two contradictory checkpoints."),
        why=N_("The file breaks the format of docs/spec/fork.md ({why})."),
        do=N_("Use the file exactly as it was handed on, byte for byte; an editor may have changed it."),
    ),
    "fork.none": Problem(
        what=N_("The two checkpoints of {origin} (sizes {earlier} and {later}) do not contradict each other, as far as this file shows."),
        why=N_("Equal sizes must have different roots; different sizes need the hashes that lead from one to the other."),
        do=N_("Do not accuse anybody with it. Compare both checkpoints with the log's own tiles: `kua log verify`."),
    ),
    "addcheckpoint.form": Problem(
        what=N_("This is not an exchange with a co-signer ({why})."),
        why=N_("Requests and answers have the form of C2SP tlog-witness, and no other is taken."),
        do=N_("Ask with the centre's own program, or follow docs/spec/cosigning.md."),
    ),
    "witness.exists": Problem(
        what=N_("There is a co-signer in {folder} already."),
        why=N_("Its key may have signed; a new one in its place would be another co-signer under the same name."),
        do=N_("Choose another folder, or another name."),
    ),
    "witness.none": Problem(
        what=N_("There is no co-signer in {folder}."),
        why=N_("The folder has no witness.json, or not the keys that belong to it."),
        do=N_("Make one with `kua witness init`, or give the folder where it is."),
    ),
    "witness.mark_inside": Problem(
        what=N_("The mark may not be inside {folder}."),
        why=N_("It is there to notice that an old copy of that folder was put back."),
        do=N_("Choose a folder elsewhere, best on another disk."),
    ),
    "witness.locked": Problem(
        what=N_("Another process runs the co-signer in {folder}."),
        why=N_("Two that sign from one book could sign two histories."),
        do=N_("Stop the other one first."),
    ),
    "witness.lost": Problem(
        what=N_("The book of the co-signer in {folder} is gone."),
        why=N_("Its keys are there, but nobody knows any more what they have signed: with the next signature they could contradict themselves."),
        do=N_("Retire the keys: make a new co-signer with `kua witness init` in another folder and tell those whose policies name the old one."),
    ),
    "witness.other_book": Problem(
        what=N_("The book in {folder} belongs to other keys, or to another version."),
        why=N_("A book says what its own keys have signed and nothing about others."),
        do=N_("Put keys and book of one co-signer together, or retire the keys and make a new one."),
    ),
    "witness.rolled_back": Problem(
        what=N_("The book of the co-signer is an old copy: it knows of {have} signatures, {seen} were made."),
        why=N_("What was signed in between is forgotten, and with the next signature the keys could contradict themselves."),
        do=N_("Put the newest book back if it exists anywhere. Otherwise retire the keys and make a new co-signer."),
    ),
    "witness.no_mark": Problem(
        what=N_("The mark of the co-signer is gone or unreadable: {file}."),
        why=N_("Without it nobody can tell whether the book is the newest."),
        do=N_("Put the file back if it was only moved. Otherwise retire the keys and make a new co-signer."),
    ),
    "witness.halted": Problem(
        what=N_("This co-signer signs nothing any more ({why})."),
        why=N_("A checkpoint with its own signature has come to light that its book knows nothing of: the book is an old copy, or somebody else has the key."),
        do=N_("Retire the key and tell those whose policies name it."),
    ),
    "witness.disk": Problem(
        what=N_("The book of the co-signer cannot be read or written ({why})."),
        why=N_("Nothing is signed that is not on disk first."),
        do=N_("Make room or mend the disk, then start the co-signer again."),
    ),
    "witness.clock": Problem(
        what=N_("The clock says {now}; the last signature was made at {last}."),
        why=N_("A signature bears a time, and time does not go back."),
        do=N_("Set the clock right."),
    ),
    "witness.origin": Problem(
        what=N_("“{given}” is not the name of a log."),
        why=N_("It is the first line of the log's checkpoints."),
        do=N_("Copy it from there."),
    ),
    "witness.too_many_logs": Problem(
        what=N_("The co-signer watches {most} logs and takes no more."),
        why=N_("Each has its place in the book."),
        do=N_("Make a second co-signer for the rest."),
    ),
    "witness.listen": Problem(
        what=N_("The co-signer cannot listen at {address} ({why})."),
        why=N_("The address is misspelt, is taken by another program, or is not of this computer."),
        do=N_("Give an address of this computer and a free port, such as 127.0.0.1:8090."),
    ),
    "witness.malformed": Problem(
        what=N_("The request cannot be read ({why})."),
        why=N_("Requests have the form of C2SP tlog-witness, and no other is taken."),
        do=N_("Ask with the centre's own program, or follow docs/spec/cosigning.md."),
    ),
    "witness.unknown_log": Problem(
        what=N_("This co-signer does not watch the log {origin}."),
        why=N_("It signs only for logs that its owner has added."),
        do=N_("Ask its owner to add the log with `kua witness add-log`."),
    ),
    "witness.signature": Problem(
        what=N_("The checkpoint of {origin} is not signed as it must be."),
        why=N_("No key of that log has signed it, or a signature under a known key does not hold."),
        do=N_("Send the checkpoint exactly as the log signed it; if the log has a new key, have it added."),
    ),
    "witness.old_size": Problem(
        what=N_("The request for {origin} goes from {old} back to {size} entries."),
        why=N_("A log only grows."),
        do=N_("Ask from the size that the co-signer knows to a larger one."),
    ),
    "witness.proof": Problem(
        what=N_("It is not shown that {origin} with {size} entries continues the {old} that were co-signed."),
        why=N_("The proof does not lead from one to the other: it is damaged, or entries that were there before have been changed."),
        do=N_("Make the proof anew from the log. The request is kept as evidence."),
    ),
    "witness.fork": Problem(
        what=N_("{origin} contradicts what it had signed before, at {size} entries."),
        why=N_("Two signed checkpoints of one log cannot both be true."),
        do=N_("Nothing mends this. The two checkpoints are kept as a file that anybody can check: `kua log fork`."),
    ),
    "cosigner.away": Problem(
        what=N_("The co-signer at {url} does not answer ({why})."),
        why=N_("It is switched off, cannot be reached, or sends something that is no answer."),
        do=N_("Nothing now: it is asked again. If it stays so, call whoever runs it."),
    ),
    "cosigner.refused": Problem(
        what=N_("The co-signer at {url} refuses (status {status})."),
        why=N_("404: it does not watch this log; 403: it knows another key for it; 422: it has seen another history of it."),
        do=N_("Call whoever runs it, and compare what both sides have on record."),
    ),
    "cosigner.ahead": Problem(
        what=N_("A co-signer knows a larger national log than this centre."),
        why=N_("Another centre signs for the same log, or this one was put back from an old copy."),
        do=N_("Stop this centre and find out which before it signs again."),
    ),
    "centre.quantum_key": Problem(
        what=N_("The ML-DSA-44 key of {origin} is not the one that the co-signing policy names."),
        why=N_("The policy names a second key for the national log, and every checkpoint must bear its signature."),
        do=N_("Put the key file into the folder “keys” of the centre, or have the policy changed."),
    ),
    "settings.cosigner": Problem(
        what=N_("The settings give an address for {name}, whom the co-signing policy does not name."),
        why=N_("Who counts as a co-signer is said by the election file alone."),
        do=N_("Correct the name, or take the line out."),
    ),
}
