# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of the listener for observers' telephones, and of the code on paper."""

from kua.words.problem import N_, Problem

_SCAN = N_("Ask at the box for a new QR code and scan it.")
_AGAIN = N_("Load the page again.")

PROBLEMS: dict[str, Problem] = {
    "listen.off": Problem(
        what=N_("This station listens to nobody."),
        why=N_("Observers' telephones are let in only where somebody opens the listener: it opens a port in the room's network."),
        do=N_('Give --at ADDRESS:PORT, or write `listen = "ADDRESS:PORT"` under [station] in kua.toml.'),
    ),
    "listen.address": Problem(
        what=N_("“{given}” is no address at which to listen."),
        why=N_("It must be one address of this computer and a port, such as 192.168.1.10:8443; not all of them at once."),
        do=N_("Take the address of the network that the observers' telephones are in."),
    ),
    "listen.port": Problem(
        what=N_("Nothing can be opened at {address}, port {port}."),
        why=N_("Another program has the port, or this computer does not have the address."),
        do=N_("Choose another port or address."),
    ),
    "listen.runs": Problem(
        what=N_("A listener of this box runs already."),
        why=N_("One is enough, and two would not know of each other."),
        do=N_("Close the other one first, on the box's page or with Ctrl-C."),
    ),
    "listen.no_log": Problem(
        what=N_("There is no log yet to co-sign."),
        why=N_("The station has not recorded anything."),
        do=N_("Start the recording first, then try again."),
    ),
    "listen.token": Problem(
        what=N_("This QR code lets nobody in any more."),
        why=N_("Each lets one telephone in, within ten minutes."),
        do=_SCAN,
    ),
    "listen.stranger": Problem(
        what=N_("This telephone was not let in."),
        why=N_("The station takes co-signatures of keys that it has let in, twelve at most."),
        do=_SCAN,
    ),
    "listen.key_name": Problem(
        what=N_("The key “{given}” is not one of a telephone at station {station}."),
        why=N_("Such keys are named observer/STATION/ and eight hex digits, so that nobody's name gets into the log."),
        do=_AGAIN,
    ),
    "listen.signature": Problem(
        what=N_("The co-signature does not hold."),
        why=N_("It is not by this telephone's key, or not over a checkpoint of this station."),
        do=_AGAIN,
    ),
    "listen.other_checkpoint": Problem(
        what=N_("The co-signed checkpoint of {size} entries is not one of this log, which has {have}."),
        why=N_("It was changed on the way, or the log was: a telephone keeps what it was shown."),
        do=N_("Save the list of the telephone, and show it to the other observers."),
    ),
    "listen.closed": Problem(
        what=N_("The day is closed: nothing can be added to the log any more."),
        why=N_("After the close the co-signature stays on the telephone, and proves the same there."),
        do=N_("Save the list on the telephone."),
    ),
    "listen.beyond": Problem(
        what=N_("There is no proof from {earlier} to {later} entries: the log has {size}."),
        why=N_("A proof leads from an earlier size of the log to a later one."),
        do=_AGAIN,
    ),
    "listen.sizes": Problem(
        what=N_("These are not two sizes of a log."), why=N_("Two whole numbers are asked for, as from=1&to=2."), do=_AGAIN
    ),
    "listen.too_many": Problem(
        what=N_("Too many requests came from this address."),
        why=N_("Each telephone may ask twice a second, so that none keeps the others out."),
        do=N_("Wait a minute."),
    ),
    "guests.full": Problem(
        what=N_("This station has let in {keys} telephones, and lets in no more."),
        why=N_("Whoever is in the room can make keys without end; the log must not grow by them without end."),
        do=N_("Ask one of the observers who co-sign already for a copy of their list."),
    ),
    "guests.not_newer": Problem(
        what=N_("A later checkpoint by this key was taken already: {known} entries, this one has {size}."),
        why=N_("An older co-signature says nothing that the later one does not."),
        do=N_("Nothing needs to be done."),
    ),
    "guests.too_soon": Problem(
        what=N_("The next co-signature of this telephone is taken in {seconds} s."),
        why=N_("Each takes a place in the log; once a minute is enough."),
        do=N_("Nothing needs to be done: the page tries again by itself."),
    ),
    "list.form": Problem(
        what=N_("This is not the list of an observer's telephone."),
        why=N_("Such a file is what “Save my list” gives on the page of the telephone."),
        do=N_("Ask the observer for the file again, and give it as it is."),
    ),
    "paper.form": Problem(
        what=N_("“{given}” is no code from a protocol."),
        why=N_("It is the number of entries, then 28 letters and digits in seven groups: 21457 7QK4-0M2D-..."),
        do=N_("Copy it again from the protocol or the printed sheet, the number first."),
    ),
    "paper.slip": Problem(
        what=N_("A letter of the code “{given}” is wrong."),
        why=N_("Its last two letters do not fit the others: it was misread or miswritten."),
        do=N_("Compare it letter by letter with the paper, or with another copy of the protocol."),
    ),
}
