# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of the box's own pages (`kua station up`) and of the second device's door."""

from kua.words.problem import N_, Problem

_AGAIN = N_("Load the page again and repeat the step.")
_ADDRESS = N_("Open the address that “kua station up” has printed. It works once; press Enter there for a new one.")

PROBLEMS: dict[str, Problem] = {
    "up.token": Problem(
        what=N_("This page is not open for this browser."),
        why=N_("The one-time address was used already, or is not the right one."),
        do=_ADDRESS,
    ),
    "up.host": Problem(
        what=N_("The box's page was asked for under a foreign name, “{given}”."),
        why=N_("It answers under its own address only, so that no other site can reach it."),
        do=_ADDRESS,
    ),
    "up.origin": Problem(
        what=N_("A page from “{given}” tried to act on the box."), why=N_("Only the box's own page may."), do=N_("Close that page.")
    ),
    "up.body": Problem(
        what=N_("The page has sent what the box does not understand."), why=N_("It is from another version, or was changed."), do=_AGAIN
    ),
    "up.no_picture": Problem(
        what=N_("There is no such picture."), why=N_("The camera was taken off the list, or the room has not been learned yet."), do=_AGAIN
    ),
    "up.closed": Problem(
        what=N_("This is closed now: people vote, or the station records."),
        why=N_("While people vote no raw picture leaves the process that hides it, and nothing of a camera is changed."),
        do=N_("Go to the last step. To set a camera anew, stop the recording first, outside the voting hours."),
    ),
    "up.station": Problem(
        what=N_("“{given}” is not the number of a station."),
        why=N_("A number is two digits of the region, a hyphen, and one to five digits."),
        do=N_("Copy it from the sheet in the envelope, such as 10-245."),
    ),
    "up.not_empty": Problem(
        what=N_("The folder “{folder}” holds something else."),
        why=N_("A box begins in an empty folder."),
        do=N_("Give another folder with --box."),
    ),
    "up.enrolled": Problem(
        what=N_("This box belongs to station {station} already."),
        why=N_("A box is enrolled once; its key is known to the centre."),
        do=N_("Go on with the next step, or take a fresh folder for another station."),
    ),
    "up.address": Problem(
        what=N_("This is not the address of a camera."),
        why=N_("An address looks like rtsp://USER@HOST/PATH."),
        do=N_("Copy it from the camera's papers, or ask the school's technician."),
    ),
    "up.password_in_address": Problem(
        what=N_("The password stands in the address."),
        why=N_("Addresses are shown and logged; passwords must not be."),
        do=N_("Take it out of the address and type it into the field for the password."),
    ),
    "up.pick": Problem(what=N_("This camera is not on the list any more."), why=N_("The list has changed meanwhile."), do=_AGAIN),
    "up.no_booth": Problem(
        what=N_("No booth is marked."),
        why=N_("A booth that is not marked would not be black."),
        do=N_("Mark every booth; or tick that there is none in this picture, which two people will then sign."),
    ),
    "up.learn": Problem(
        what=N_("The empty room could not be learned."),
        why=N_("The process that looks at the camera has ended without a word."),
        do=N_("Try again; if it happens again, call the technician."),
    ),
    "up.not_learned": Problem(
        what=N_("The empty room of camera {camera} has not been learned with these zones."),
        why=N_("People sign a learned room with its zones, not a drawing."),
        do=N_("Go back to the zones and press “Learn”."),
    ),
    "up.role": Problem(
        what=N_("A certificate for “{given}” cannot be used here."),
        why=N_("On this device signs: {wanted}. Two signatures of one device would be worth one."),
        do=N_("Let the right person sign, each on their own device."),
    ),
    "up.second": Problem(
        what=N_("The door for the second device could not be opened at {address}."),
        why=N_("The address or its port is not free."),
        do=N_("Choose another address of this computer, or try again."),
    ),
    "up.second_address": Problem(
        what=N_("“{given}” is not an address of this computer."), why=N_("The door opens at one of: {known}."), do=N_("Choose one of them.")
    ),
    "up.no_door": Problem(
        what=N_("The door for the second device is closed."),
        why=N_("It is open only from the press of the button."),
        do=N_("Press “Second device” again."),
    ),
    "up.not_compared": Problem(
        what=N_("The two numbers have not been compared."),
        why=N_("Without it nobody knows that the telephone speaks with this box."),
        do=N_("Compare the number on both screens and press “Yes, the same number” on the box."),
    ),
    "up.other_device": Problem(
        what=N_("Another device is signing already."),
        why=N_("After the numbers are compared no other key is taken."),
        do=N_("Close the door on the box and begin again."),
    ),
    "up.no_answer": Problem(
        what=N_("The box has not answered in time."), why=N_("It is busy, or its page was closed."), do=N_("Press “Sign” again.")
    ),
    "up.runs": Problem(
        what=N_("The station records already."), why=N_("One box has one agent."), do=N_("Nothing: the lamp shows how it stands.")
    ),
    "up.not_running": Problem(
        what=N_("There is nothing to stop."), why=N_("No agent of this box runs that this page could ask."), do=N_("Nothing.")
    ),
    "up.not_ready": Problem(
        what=N_("Camera {camera} is not ready ({code})."),
        why=N_("Without a learned room that two people have signed nothing is recorded."),
        do=N_("Go back to the step of the signatures."),
    ),
    "up.port": Problem(
        what=N_("The page could not be opened at port {port}."),
        why=N_("Another program has this port."),
        do=N_("Give another one with --port, or 0."),
    ),
}
