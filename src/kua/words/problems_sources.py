# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of cameras, films and encoding."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "source.scheme": Problem(
        what=N_("“{scheme}” is not a kind of source that kua knows."),
        why=N_("The address of a camera begins with rtsp:, rtsps:, onvif:, recorder:, usb:, file: or painted:."),
        do=N_("Write the address like rtsp://user@192.168.1.20/stream, or install and trust the plug-in for it."),
    ),
    "source.untrusted": Problem(
        what=N_("The package “{package}” offers sources of the kind “{scheme}”, but nobody trusts it."),
        why=N_("A source sees pictures before anything is hidden, so an installed package alone is not enough."),
        do=N_("If you trust it, name the package in the settings."),
    ),
    "source.option": Problem(
        what=N_("The source's address has an unknown option “{option}”."),
        why=N_("This kind of source knows only: {known}."),
        do=N_("Correct or remove the option."),
    ),
    "source.option_value": Problem(
        what=N_("The option “{option}” of the source cannot be “{given}”."),
        why=N_("It must lie between {lowest} and {highest}, or be one of the two."),
        do=N_("Correct the value."),
    ),
    "source.seed": Problem(
        what=N_("“{given}” is not the number of a drawing."),
        why=N_("A painted room is chosen by a whole number."),
        do=N_("Write the source like painted:7."),
    ),
    "source.no_user": Problem(
        what=N_("There is a password for the camera {address}, but no user."),
        why=N_("The password goes with the user that the camera's address names."),
        do=N_("Write the user into the address, like rtsp://user@host/path, or unset the password."),
    ),
    "source.no_file": Problem(
        what=N_("There is no film at {address}."),
        why=N_("The file does not exist, or is not a file."),
        do=N_("Check the path."),
    ),
    "source.not_video": Problem(
        what=N_("{address} holds no picture that can be read."),
        why=N_("It is not a film, is damaged, or has only sound."),
        do=N_("Check that it plays elsewhere; for a camera, choose its video stream."),
    ),
    "source.refused": Problem(
        what=N_("The camera {address} refuses the login."),
        why=N_("User or password are wrong, or the account is locked."),
        do=N_("Set the password in the environment as the settings page says. The next try is in about a minute, so that the account is not locked."),
    ),
    "source.device": Problem(
        what=N_("“{given}” is not a camera of this computer."),
        why=N_("Such a camera is a device like /dev/video0, or a name under /dev/v4l/by-id."),
        do=N_("Write the source like usb:/dev/video0; `ls /dev/v4l/by-id` lists what is plugged in."),
    ),
    "source.no_device": Problem(
        what=N_("There is no camera at {device}."),
        why=N_("It is not plugged in, or has got another number."),
        do=N_("Plug it in; `ls /dev/v4l/by-id` lists what is there, and those names stay. kua tries again by itself."),
    ),
    "source.device_rights": Problem(
        what=N_("This program may not open the camera {device}."),
        why=N_("Cameras of a computer belong to the group “video”."),
        do=N_("Add the user that runs kua to that group, and log in again."),
    ),
    "source.device_busy": Problem(
        what=N_("Another program uses the camera {device}."),
        why=N_("A camera of a computer serves one program at a time."),
        do=N_("Close the other program; kua tries again by itself."),
    ),
    "source.device_format": Problem(
        what=N_("{device} gives no compressed picture of {width} x {height}."),
        why=N_("It must compress by itself, as MJPEG or H.264; or it is no camera."),
        do=N_("Choose a size that it has (`v4l2-ctl --list-formats-ext`), like usb:/dev/video0?w=640&h=480, or use another camera."),
    ),
    "source.recorder": Problem(
        what=N_("“{given}” is not a maker of recorders whose addresses kua knows."),
        why=N_("It knows: {known}."),
        do=N_("Choose one of them; else write the whole address from the recorder's manual, beginning with rtsp:."),
    ),
    "source.channel": Problem(
        what=N_("{address} does not name one channel of a recorder."),
        why=N_("It is written like recorder://user@host/hikvision/3 or recorder://user@host/hikvision/3/sub; channels go from 1 to {most}."),
        do=N_("Correct the address."),
    ),
    "source.onvif_extra": Problem(
        what=N_("Cameras cannot be asked over ONVIF here."),
        why=N_("The library for it is not installed."),
        do=N_("Install it: pip install 'kua[onvif]'. Or write the camera's rtsp: address."),
    ),
    "source.onvif_address": Problem(
        what=N_("{address} is not the address of a camera's device."),
        why=N_("It is written like onvif://user@host or onvif://user@host:8000?profile=main, and nothing more."),
        do=N_("Correct the address."),
    ),
    "source.onvif": Problem(
        what=N_("The camera {address} does not speak ONVIF as it should ({why})."),
        why=N_("Its answer is not in the form of the standard, or ONVIF is switched off in it."),
        do=N_("Switch ONVIF on in the camera, or write its rtsp: address."),
    ),
    "source.no_profile": Problem(
        what=N_("The camera {address} offers no such stream."),
        why=N_("It offers: {known}."),
        do=N_("Write one of them as ?profile=, or leave it out."),
    ),
    "source.busy": Problem(
        what=N_("The camera {address} has no room for another viewer."),
        why=N_("Cheap cameras play for one to four at a time; another program looks at it, or an old session has not run out."),
        do=N_("Close other programs and recorders that look at it; kua tries again by itself, at longer and longer intervals."),
    ),
    "source.no_pin": Problem(
        what=N_("The settings do not say by which certificate the camera {address} is known."),
        why=N_("Nobody vouches for a camera's certificate, so its SHA-256 must stand in the settings; it shows {shown} now."),
        do=N_("Compare that with what the camera's own page shows, then write it as `certificate` of this camera."),
    ),
    "source.other_certificate": Problem(
        what=N_("The camera {address} shows another certificate than the settings name: {shown}."),
        why=N_("It should be {wanted}. Another device answers, or the camera was reset."),
        do=N_("Look at the camera. Only if it is the right one, write the new certificate into the settings."),
    ),
    "source.tls": Problem(
        what=N_("No secured connection to {address} came about."),
        why=N_("It does not speak TLS there, has no key for the certificate that it shows, or the certificate has run out."),
        do=N_("Check the address and, on the camera's own page, its certificate and clock."),
    ),
    "source.silent": Problem(
        what=N_("The camera {address} does not answer, or has stopped sending."),
        why=N_("It hangs, has no power, or the network is down."),
        do=N_("Check its power and cable; kua tries again by itself."),
    ),
    "source.unreachable": Problem(
        what=N_("The camera {address} cannot be reached ({how})."),
        why=N_("The address is wrong, the camera is off, or it has closed the connection."),
        do=N_("Check address, power and cable; kua tries again by itself."),
    ),
    "source.codec": Problem(
        what=N_("The camera sends “{codec}”, which kua does not take."),
        why=N_("Only codecs of cameras and of common films are decoded."),
        do=N_("Set the camera to H.264, H.265 or MJPEG."),
    ),
    "film.boxes": Problem(
        what=N_("The film is not in the form of its specification (at byte {at})."),
        why=N_("Its boxes do not add up, or there are others than the specification allows."),
        do=N_("Fetch it again; if that does not help, it was altered or never was a film of kua."),
    ),
    "film.encoder": Problem(
        what=N_("The encoder failed ({step})."),
        why=N_("Memory is short, or the size, rate or preset in the settings cannot be encoded."),
        do=N_("Recording goes on with a new run by itself; check the camera's settings if it keeps happening."),
    ),
    "camera.demo_only": Problem(
        what=N_("“{option}” is for demonstrations only."),
        why=N_("It could show more than the election file allows."),
        do=N_("Leave it out, or use a painted source in an election of the kind “rehearsal”."),
    ),
}
