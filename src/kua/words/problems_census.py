# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of the census of cameras."""

from kua.words.problem import N_, Problem

_SIGN_AGAIN = N_("Look at the list again and let two people sign it anew.")
_CERTIFICATE = N_("Let the person get a certificate for this station from the issuer of the role.")

PROBLEMS: dict[str, Problem] = {
    "census.one_thing": Problem(
        what=N_("The command asks for several things at once: {given}."),
        why=N_("Each change of a list that people sign is made, and looked at, by itself."),
        do=N_("Give one of them in each command."),
    ),
    "census.lone": Problem(
        what=N_("{given} needs {wanted} beside it."), why=N_("Alone it says nothing."), do=N_("Give both; `kua station census --help` has examples.")
    ),
    "census.number": Problem(
        what=N_("No camera has the number {given}."), why=N_("The numbers of this list are: {known}."), do=N_("Look at the list first:  kua station census --box DIR .")
    ),
    "census.word": Problem(what=N_("“{given}” is not one of the words."), why=N_("Known are: {known}."), do=N_("Choose one of them.")),
    "census.place": Problem(
        what=N_("“{given}” cannot name a place."),
        why=N_("It must be one line of 1 to 60 characters without spaces at its ends."),
        do=N_("Write it like: above the door."),
    ),
    "census.cam": Problem(
        what=N_("“{given}” is not the letter of a camera."), why=N_("Letters are those of kua.toml: a, b, c."), do=N_("Give the letter after --cam.")
    ),
    "census.used": Problem(
        what=N_("Only a camera that this station reads may be “used”."),
        why=N_("“used” goes together with the letter of a camera in kua.toml, and no other state does."),
        do=N_("Give --cam with --set N used; for a camera of the building choose off, covered or masked."),
    ),
    "census.address": Problem(
        what=N_("“{given}” is not one address."),
        why=N_("Only single IP addresses are looked at; names and ranges never are."),
        do=N_("Write it like 192.0.2.7; give --address several times for several."),
    ),
    "census.interface": Problem(
        what=N_("This computer has no network door “{given}” with an IPv4 address."),
        why=N_("Only doors that a person names are looked through."),
        do=N_("Give the name of the door to the cameras, such as eth0, or its own address."),
    ),
    "census.network": Problem(
        what=N_("Nothing can be asked through {address} ({why})."),
        why=N_("The network door is down, or a firewall forbids it."),
        do=N_("Check cable and firewall, then look again; what is seen by eye can be added without a network."),
    ),
    "census.too_many": Problem(
        what=N_("A census holds at most {most} cameras."), why=N_("More in one polling room is a mistake, or a flood of false answers."), do=N_("Remove what is not there with --remove.")
    ),
    "census.recorder_code": Problem(
        what=N_("“{given}” cannot name a recorder."),
        why=N_("A short code is wanted, and no person's name: lower-case Latin letters, digits, - and _."),
        do=N_("Write it like guard-room."),
    ),
    "census.time": Problem(
        what=N_("“{given}” is not a date and time."),
        why=N_("Both times are wanted as they stand on the recorder's screen."),
        do=N_('Write them like "2026-03-14 18:05".'),
    ),
    "census.act": Problem(
        what=N_("The act cannot be written to “{given}”."),
        why=N_("Its name must end in .html or .txt, and its folder must be there."),
        do=N_("Write it like act.html; a browser prints it or makes a PDF of it."),
    ),
    "census.unreadable": Problem(
        what=N_("The census file cannot be read ({why})."),
        why=N_("It was changed by hand, or the disk has damaged it."),
        do=N_("Keep the file as it is for whoever asks, move it away, and make the census anew."),
    ),
    "census.not_written": Problem(
        what=N_("The box “{box}” has no census yet."),
        why=N_("Nothing was looked for and nothing added."),
        do=N_("Look first:  kua station census --box DIR --interface eth0 , then add what is seen by eye with --add."),
    ),
    "census.not_signed": Problem(
        what=N_("There is no signed census to compare with."),
        why=N_("Only what two people have signed can say what has changed."),
        do=N_("Let two people sign:  kua station census --box DIR --sign KEY --certificate CERT ."),
    ),
    "census.nothing_to_try": Problem(
        what=N_("No camera of this station is read over RTSP."),
        why=N_("Passwords are tried on the commission's own network cameras only."),
        do=N_("Nothing: drawn rooms and films have no password."),
    ),
    "census.unsigned": Problem(
        what=N_("The census of {station} is not signed."), why=N_("Two people must sign it: the chair, and an observer, a member or the territorial commission."), do=_SIGN_AGAIN
    ),
    "census.form": Problem(what=N_("What was signed is not a census."), why=N_("The note is over another kind of text."), do=_SIGN_AGAIN),
    "census.other_station": Problem(
        what=N_("The census is of {given}, not of {wanted}."), why=N_("It was copied from another box."), do=N_("Make the census of this room here.")
    ),
    "census.altered": Problem(
        what=N_("The census was changed after it was signed."), why=N_("Its hash is {given}; signed was {signed}."), do=_SIGN_AGAIN
    ),
    "census.signer_unknown": Problem(
        what=N_("{name} signed the census without a certificate for this station."), why=N_("Anyone can make a key; only a certificate says whose it is."), do=_CERTIFICATE
    ),
    "census.signature": Problem(
        what=N_("The signature of {name} under the census does not hold."), why=N_("The note was changed, or another key signed."), do=_SIGN_AGAIN
    ),
    "census.one_person": Problem(
        what=N_("Only one person has signed the census: {name}."), why=N_("The same key counts once, under two names too."), do=N_("Let a second person sign with their own key.")
    ),
    "census.roles": Problem(
        what=N_("These two roles cannot sign the census together: {roles}."),
        why=N_("One must be the chair, the other an observer, a member or the territorial commission."),
        do=N_("Let the one who is missing sign too."),
    ),
    "census.key_differs": Problem(
        what=N_("The key is not the one in the certificate of {name}."),
        why=N_("Key and certificate of two people were mixed up."),
        do=N_("Give the key that belongs to the certificate."),
    ),
    "census.signed_already": Problem(
        what=N_("{name} has signed this census already."),
        why=N_("Two different people must sign; the same key counts once."),
        do=N_("Let the second person sign with their own key."),
    ),
    "consent.voting": Problem(
        what=N_("While people vote nobody is shown, whatever they agreed to ({article})."),
        why=N_("Secrecy of the vote stands above consent."),
        do=N_("Nothing: it can be decided for other phases only."),
    ),
    "consent.role": Problem(
        what=N_("People of this role are never shown for having agreed ({article})."),
        why=N_("Only those who conduct the vote may agree to be seen."),
        do=N_("Leave them hidden."),
    ),
    "consent.missing": Problem(
        what=N_("Somebody in the picture has not agreed, or has taken it back ({article})."),
        why=N_("One person's consent shows nobody else."),
        do=N_("Leave everybody hidden."),
    ),
}  # fmt: skip
