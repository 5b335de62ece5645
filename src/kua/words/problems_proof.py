# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by `kua.proof`'s tree, notes, checkpoints, tiles, keys, uploads, receipts and people."""

from kua.words.problem import N_, Problem

_ASK_PUBLISHER = N_("Fetch it again from where it was published; if it stays so, keep the bytes and tell the publisher and the observers.")

PROBLEMS: dict[str, Problem] = {
    "proof.inclusion": Problem(
        what=N_("The proof does not show that the entry is in the log."),
        why=N_("The entry, its place, the proof or the log's root is not what it was when it was signed ({why})."),
        do=_ASK_PUBLISHER,
    ),
    "proof.consistency": Problem(
        what=N_("The proof does not show that the log only grew."),
        why=N_("Either the proof is damaged, or entries that were there before have been changed or taken out ({why})."),
        do=N_("Keep both checkpoints: two signed ones that contradict each other prove that the log was rewritten."),
    ),
    "note.form": Problem(
        what=N_("This is not a signed note."),
        why=N_("The file breaks the format of signed notes ({why})."),
        do=N_("Use the file exactly as it was published, byte for byte; an editor may have changed it."),
    ),
    "note.signature": Problem(
        what=N_("The signature of {name} does not hold."),
        why=N_("The text was changed after signing, or someone signed with another key under this name."),
        do=_ASK_PUBLISHER,
    ),
    "note.unknown_signer": Problem(
        what=N_("Nobody whom we know has signed this."),
        why=N_("It carries signatures of: {claimed}. None of them is by a key that was given."),
        do=N_("Check that the verifier key belongs to this log or person, and compare it with a printed copy."),
    ),
    "checkpoint.form": Problem(
        what=N_("The signed text is not a checkpoint of a log."),
        why=N_("A checkpoint has the log's name, its size and its root, one on each line ({why})."),
        do=N_("Give the file called “checkpoint” of the log."),
    ),
    "checkpoint.origin": Problem(
        what=N_("The checkpoint is of another log."),
        why=N_("It says {given}; wanted was {wanted}."),
        do=N_("Give the checkpoint and the key of the same log."),
    ),
    "tile.path": Problem(
        what=N_("“{given}” is not the name of a file of a log."),
        why=N_("Names of tiles have one spelling only, so that no file has two names."),
        do=N_("Use the names as the layout makes them (docs/spec/checkpoint-and-tiles.md)."),
    ),
    "tile.entry": Problem(
        what=N_("An entry of {size} bytes is too long for the log."),
        why=N_("An entry may have at most 65535 bytes."),
        do=N_("Put the long part into a file and its hash into the entry."),
    ),
    "tile.bundle": Problem(
        what=N_("A bundle of log entries is damaged."),
        why=N_("The lengths inside it do not fit the file ({why})."),
        do=_ASK_PUBLISHER,
    ),
    "tile.hashes": Problem(
        what=N_("A tile of the log is damaged."),
        why=N_("It has {size} bytes, which is not the number of whole hashes that it must hold."),
        do=_ASK_PUBLISHER,
    ),
    "tile.mismatch": Problem(
        what=N_("The entries in {name} are not those that the log's tree holds."),
        why=N_("A file was changed, or writing was cut off in the middle."),
        do=N_("Stop the log, keep the folder as it is, and run the file check of the station before it signs again."),
    ),
    "key.form": Problem(
        what=N_("This is not a verifier key."),
        why=N_("A verifier key is one line: name, plus, eight hex digits, plus, base64."),
        do=N_("Copy the whole line again from where the key was published."),
    ),
    "key.name": Problem(
        what=N_("“{given}” may not name a key."),
        why=N_("A key's name is not empty and has no spaces and no plus."),
        do=N_("Use the name of the log, the centre or the person as it is written in the election file."),
    ),
    "key.kind": Problem(
        what=N_("This version cannot use a key of kind {kind}."),
        why=N_("It knows Ed25519 keys for notes (1) and for co-signatures (4), and ML-DSA-44 keys for co-signatures (6)."),
        do=N_("Give a key of one of these kinds, or use a newer version of the program."),
    ),
    "key.public": Problem(
        what=N_("The public key is not safe to use."),
        why=N_("It has the wrong length, or one signature under it would fit many texts."),
        do=N_("Make a new key; do not trust anything that was signed with this one."),
    ),
    "key.id": Problem(
        what=N_("The verifier key contradicts itself."),
        why=N_("It says {given}, but its name and key make {computed}: a letter was lost or changed."),
        do=N_("Copy the whole line again from where the key was published."),
    ),
    "key.pem": Problem(
        what=N_("The private key of {name} cannot be read."),
        why=N_("The file is not an unencrypted PKCS#8 PEM with a key of the kind that belongs there (Ed25519 or ML-DSA-44)."),
        do=N_("Restore the key file from its backup, or make a new key and have it certified."),
    ),
    "upload.request": Problem(
        what=N_("The request cannot be signed."),
        why=N_("Its method, path, digest or time has a form that no upload has."),
        do=N_("Send it with the station agent, or follow docs/spec/upload-signature.md."),
    ),
    "upload.headers": Problem(
        what=N_("The upload does not say who signed it."),
        why=N_("One of its four headers (station, time, digest, signature) is absent or misspelt."),
        do=N_("Send it with the station agent, or follow docs/spec/upload-signature.md."),
    ),
    "upload.signature": Problem(
        what=N_("The upload is not signed by station {station}."),
        why=N_("The bytes, the path or the time were changed on the way, or another key signed."),
        do=N_("Let the station send it again; if it stays so, compare the station's key with the election file."),
    ),
    "upload.stale": Problem(
        what=N_("The upload of station {station} was signed {seconds} seconds away from now."),
        why=N_("With a trusted clock more than five minutes is refused, so that no old upload can be played again."),
        do=N_("Sign and send it again; if it stays so, check the clock of the station."),
    ),
    "receipt.form": Problem(
        what=N_("The centre's receipt cannot be read."),
        why=N_("The signed text is not a receipt of this version."),
        do=N_("Keep the local copy and ask the centre for a new receipt."),
    ),
    "receipt.other": Problem(
        what=N_("The centre's receipt is for something else."),
        why=N_("It names {origin} and {digest}, which is not what was sent."),
        do=N_("Keep the local copy and send it again."),
    ),
    "person.form": Problem(
        what=N_("The certificate of a person cannot be read."),
        why=N_("It does not have the lines of a certificate, or the key's name does not fit role and place ({why})."),
        do=N_("Ask the issuer of that role for a new certificate."),
    ),
    "calibration.unsigned": Problem(
        what=N_("The calibration of camera {camera} is not signed."),
        why=N_("A camera may record only with a calibration that two people have looked at and signed."),
        do=N_("Let the chair and an observer, a second member or the territorial commission sign it, each on their own device."),
    ),
    "calibration.form": Problem(
        what=N_("The signature file of the calibration cannot be read."),
        why=N_("The signed text is not that of a calibration."),
        do=N_("Have the calibration signed again."),
    ),
    "calibration.other_camera": Problem(
        what=N_("The calibration is of another camera."),
        why=N_("It was signed for {given}; this is {wanted}."),
        do=N_("Put the calibration of this camera in place, or calibrate it anew."),
    ),
    "calibration.altered": Problem(
        what=N_("The calibration file was changed after it was signed."),
        why=N_("Its hash is {given}; signed was {signed}."),
        do=N_("Restore the signed file, or have the changed one signed by two people."),
    ),
    "calibration.signer_unknown": Problem(
        what=N_("{name} may not sign this calibration."),
        why=N_("There is no certificate that gives this key a role at this station in this election."),
        do=N_("Let people sign whose certificates are in place, or ask the issuer of their role for one."),
    ),
    "calibration.signature": Problem(
        what=N_("The signature of {name} under the calibration does not hold."),
        why=N_("The signed text was changed, or another key signed under this name."),
        do=N_("Have the calibration signed again."),
    ),
    "calibration.one_person": Problem(
        what=N_("Only one person has signed the calibration: {name}."),
        why=N_("Two different people must, each with a key of their own; two signatures by one key count once."),
        do=N_("Let a second person sign on their own device."),
    ),
    "calibration.no_stickers": Problem(
        what=N_("The stickers in the picture of camera {camera} draw no zone (found: {seen})."),
        why=N_("A zone needs two stickers of the same thing, each at least 24 pixels wide in the picture."),
        do=N_("Print them with `kua station stickers`, larger if the camera is far, or draw the zones by hand."),
    ),
    "stickers.no_folder": Problem(
        what=N_("The folder {folder} is not there."),
        why=N_("Folders are not made by this command."),
        do=N_("Make the folder, or choose another."),
    ),
    "stickers.file": Problem(
        what=N_("{file} is no file for stickers."),
        why=N_("The pages are written as HTML, which every browser shows and prints."),
        do=N_("Give a name that ends in .html."),
    ),
    "calibration.stickers": Problem(
        what=N_("The places of the stickers in the calibration cannot be read."),
        why=N_("Each is the number of a sticker with four corners in ten-thousandths of the picture."),
        do=N_("Calibrate the camera anew."),
    ),
    "calibration.one_device": Problem(
        what=N_("{name} would sign on the same device as {other}."),
        why=N_("Two people sign with keys that were made on two devices; whoever has both keys on one could sign alone. Only a rehearsal may be held on one computer."),
        do=N_("Let the second person make a key on a device of their own (a telephone by the QR code, or `kua station person` elsewhere) and sign with it."),
    ),
    "calibration.no_device": Problem(
        what=N_("The key of {name} does not say on which device it was made."),
        why=N_("Two people sign with keys that were made on two devices; without the line `kua-device:` in the key's file nobody can tell."),
        do=N_("Make the key anew on that person's device with `kua station person`, and have it certified."),
    ),
    "calibration.roles": Problem(
        what=N_("The people who signed the calibration may not do so together ({roles})."),
        why=N_("One must be the chair; the other an observer, a member or the territorial commission."),
        do=N_("Let the missing one sign."),
    ),
    "count.unsigned": Problem(
        what=N_("Nobody at station {station} has signed that the count begins."),
        why=N_("The count is hidden as voting until two people have signed that the last voter is out and the lists are away."),
        do=N_("Let the chair and a second person sign:  kua station count --box DIR --sign KEY --certificate CERT ."),
    ),
    "count.form": Problem(
        what=N_("The note over the beginning of the count cannot be read."),
        why=N_("The signed text is not that of a count."),
        do=N_("Remove the folder “count” of the box and let both people sign again."),
    ),
    "count.other_station": Problem(
        what=N_("The beginning of the count was signed for another station."),
        why=N_("It was signed for {given}; this is {wanted}."),
        do=N_("Remove the folder “count” of the box and let both people sign again."),
    ),
    "count.signers": Problem(
        what=N_("The signatures under the beginning of the count do not suffice ({why})."),
        why=N_("Two different people must sign: the chair, and an observer, a member or the territorial commission."),
        do=N_("Let the missing one sign on their own device."),
    ),
    "count.when": Problem(
        what=N_("The beginning of the count was signed for {at}, which cannot be."),
        why=N_("Voting ends at {end}, and nobody can sign for a time to come."),
        do=N_("Set the clock right, remove the folder “count” of the box and let both people sign again."),
    ),
    "count.too_early": Problem(
        what=N_("It is too early to sign that the count begins."),
        why=N_("Voting goes on until {end}."),
        do=N_("Wait until the last voter is out and the lists are away."),
    ),
    "count.signer_elsewhere": Problem(
        what=N_("{name} may not sign at station {station}."),
        why=N_("The certificate is for another place or another election."),
        do=N_("Let somebody sign who has a certificate for this station."),
    ),
    "count.signed_already": Problem(
        what=N_("{name} has signed the beginning of the count already."),
        why=N_("Two different people must sign; the same key counts once, under whatever name."),
        do=N_("Let the second person sign with their own key."),
    ),
    "election.other": Problem(
        what=N_("The signature is not for this election file."),
        why=N_("It is for another file, another version or another election than {election}, version {version}."),
        do=N_("Put the election file and its signature of the same version side by side."),
    ),
    "election.signatures": Problem(
        what=N_("Too few of the commission's keys have signed the election file."),
        why=N_("{held} have signed; {needed} must."),
        do=N_("Ask the commission for the fully signed file."),
    ),
}
