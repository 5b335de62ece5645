# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of hiding: the room, the hiding table, models, and films and pictures in files."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "calibration.unreadable": Problem(
        what=N_("The calibration file cannot be read."),
        why=N_("It is damaged, of another kind, or was edited by hand after it was made ({why})."),
        do=N_("Make it again with `kua station calibrate`, or take it from where it was signed."),
    ),
    "calibration.version": Problem(
        what=N_("The calibration file is of version {version}, which this program does not know."),
        why=N_("It was made by a newer program."),
        do=N_("Use the program that made it, or calibrate again."),
    ),
    "calibration.head": Problem(
        what=N_("A head of {px} pixels at depth {y} makes no sense."),
        why=N_("Depths are 0 to 10000 and heads 1 to 8192 pixels."),
        do=N_("Measure a head's height in the picture and write it down again."),
    ),
    "calibration.size": Problem(
        what=N_("The room is {width}x{height}, but the calibration says {wanted_width}x{wanted_height}."),
        why=N_("The file of the room belongs to another calibration or camera."),
        do=N_("Put the room's file that was made with this calibration beside it."),
    ),
    "calibration.reference_hash": Problem(
        what=N_("The file of the empty room is not the one that was signed."),
        why=N_("It was changed, or belongs to another calibration."),
        do=N_("Put the right file beside the calibration, or calibrate again and have it signed."),
    ),
    "calibration.zone_kind": Problem(
        what=N_("There is no kind of zone called “{kind}”."),
        why=N_("Zones are booth, list, screen, slot, box, issue, count, show, code, door, forbidden and rest."),
        do=N_("Write one of these names."),
    ),
    "calibration.zone_outside": Problem(
        what=N_("A zone reaches outside the picture: the point {x}, {y}."),
        why=N_("Points are shares of the picture's width and height; in files whole numbers from 0 to 10000."),
        do=N_("Move the point to the picture's border."),
    ),
    "calibration.zone_shape": Problem(
        what=N_("A zone is not a polygon (points that could be read: {points})."),
        why=N_("A polygon is a list of at least three points, each a pair of whole numbers from 0 to 10000."),
        do=N_("Write it like [[0, 0], [2500, 0], [2500, 9000]]."),
    ),
    "room.no_frames": Problem(
        what=N_("There is no picture to learn the empty room from."),
        why=N_("The film or the camera gave none."),
        do=N_("Check the camera, or give another film."),
    ),
    "room.unreadable": Problem(
        what=N_("The file of the empty room cannot be read."),
        why=N_("It is damaged or of another kind."),
        do=N_("Calibrate again, or take the file from where it was made."),
    ),
    "picture.size_changed": Problem(
        what=N_("The picture is now {width}x{height}, another size than before."),
        why=N_("The camera was set to another size, or the film is put together from several. Booths would no longer be where they were marked."),
        do=N_("Set the camera back, or calibrate it again; cut the film where its size changes."),
    ),
    "policy.phase": Problem(
        what=N_("The hiding table has no phase called “{phase}”."),
        why=N_("Phases are rehearsal, opening, voting, count, protocol and storage."),
        do=N_("Write one of these names."),
    ),
    "policy.table": Problem(
        what=N_("The hiding table is not complete or not understood, at “{where}”."),
        why=N_("Every phase must say for every zone how it is shown, in words that the program knows."),
        do=N_("Compare it with the default table in docs/spec/hiding-table.md."),
    ),
    "policy.booth": Problem(
        what=N_("The hiding table would show a booth or a screen in the phase “{phase}”."),
        why=N_("The secrecy of the vote allows no exception."),
        do=N_("Write “fill” for booth and screen in every phase."),
    ),
    "policy.voting": Problem(
        what=N_("The hiding table would show too much while people vote, in the zone “{zone}”."),
        why=N_("A coat's colour names a villager, and a sharp sheet may be a ballot."),
        do=N_("Write “coarse_grey”, “finer”, “silhouette”, “unreadable” or “fill” for this zone in the phase “voting”."),
    ),
    "model.hash": Problem(
        what=N_("{name} is not a model that kua knows."),
        why=N_("Its bytes differ from those that were tested; it may be damaged, another version, or forged."),
        do=N_("Take the file from its origin again; see `kua models list`. Remove it from the folder if it lies there."),
    ),
    "model.unknown": Problem(
        what=N_("There is no model called “{name}”."),
        why=N_("kua knows: {known}."),
        do=N_("Write one of these names."),
    ),
    "model.missing": Problem(
        what=N_("The file {name} is not there or cannot be read."),
        why=N_("The path is wrong, or reading is not allowed."),
        do=N_("Check the path."),
    ),
    "model.url": Problem(
        what=N_("{url} is not an https address."),
        why=N_("Models are fetched only over https, also after a redirection."),
        do=N_("Give an address that begins with https://, or fetch the file yourself and use `kua models add`."),
    ),
    "model.unreachable": Problem(
        what=N_("{name} could not be fetched ({why})."),
        why=N_("The address does not answer, or has no such file."),
        do=N_("Check the address and the network, or fetch the file elsewhere and use `kua models add`."),
    ),
    "model.too_large": Problem(
        what=N_("What the address gives for {name} is far too large."),
        why=N_("It is not the model."),
        do=N_("Check the address."),
    ),
    "model.folder": Problem(
        what=N_("The folder {folder} cannot be made."),
        why=N_("Writing there is not allowed, or a file has that name."),
        do=N_("Choose another folder with --models or KUA_MODELS."),
    ),
    "model.broken": Problem(
        what=N_("An installed model cannot be used."),
        why=N_("The library that runs it refused it."),
        do=N_("Install onnxruntime as the extra `models` says, or remove the models: kua hides without them too."),
    ),
    "redact.missing": Problem(
        what=N_("The file {name} is not there."),
        why=N_("The path is wrong."),
        do=N_("Check the path."),
    ),
    "redact.empty": Problem(
        what=N_("The file {name} is empty."),
        why=N_("It was not written to the end, or its disk was full."),
        do=N_("Copy it again from where it came from."),
    ),
    "redact.not_video": Problem(
        what=N_("{name} is neither a film nor a picture that can be read."),
        why=N_("It is another kind of file, or holds no video."),
        do=N_("Give a film (mp4, mkv, avi, gif …) or a picture (png, jpg …)."),
    ),
    "redact.damaged": Problem(
        what=N_("{name} cannot be read after picture {after}."),
        why=N_("The film is damaged there."),
        do=N_("Copy it again, or cut it before the damage. Nothing was written."),
    ),
    "redact.too_large": Problem(
        what=N_("A picture of {width}x{height} pixels is too small or too large."),
        why=N_("Sides of 8 to 8192 pixels can be hidden."),
        do=N_("Scale it first."),
    ),
    "redact.suffix": Problem(
        what=N_("{name} cannot be written as that kind of file."),
        why=N_("What is read here can be written as: {wanted}."),
        do=N_("Give OUT one of these endings."),
    ),
    "redact.no_folder": Problem(
        what=N_("The folder {folder} is not there."),
        why=N_("Folders are not made by this command."),
        do=N_("Make the folder, or choose another."),
    ),
    "redact.same_file": Problem(
        what=N_("{name} is both IN and OUT."),
        why=N_("The film that was given would be lost."),
        do=N_("Give OUT another name."),
    ),
    "redact.phase": Problem(
        what=N_("There is no phase called “{phase}”."),
        why=N_("Phases are: {known}."),
        do=N_("Write one of these names."),
    ),
    "redact.masks": Problem(
        what=N_("The masks in {name} cannot be read."),
        why=N_("The file is JSON or TOML with one object `zones`: kinds of zones with lists of polygons."),
        do=N_("Compare it with docs/spec/calibration.md."),
    ),
    "redact.room_size": Problem(
        what=N_("The room is {width}x{height}, the film {wanted_width}x{wanted_height}."),
        why=N_("The room was learned at another size, so nothing could be compared."),
        do=N_("Give a room of the film's own size."),
    ),
    "redact.no_reference": Problem(
        what=N_("{name} is not in the folder {folder}."),
        why=N_("A calibration holds only the hash of the empty room; the room is a file of its own."),
        do=N_("Put the room's file beside the calibration."),
    ),
    "redact.encoder": Problem(
        what=N_("The film could not be written ({step})."),
        why=N_("The encoder or the disk failed."),
        do=N_("Check that there is space, and try again."),
    ),
}
