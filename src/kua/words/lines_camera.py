# SPDX-License-Identifier: Apache-2.0
"""Sentences of what was found about a camera (`kua doctor camera`, `kua station cameras`), and the words of grades and verdicts."""

from typing import Final

from kua.words.problem import N_

LINES: dict[str, str] = {
    "camera.connected": N_("It answers at {address}."),
    "camera.codec": N_("It sends {codec}."),
    "camera.codec_other": N_("It sends {codec}, which costs more to decode than H.264. Set it to H.264 if it can do that."),
    "camera.codec_refused": N_("It sends {codec}, which is not taken. Set it to H.264."),
    "camera.no_sps": N_(
        "It sends no parameter sets (SPS): of {packets} packets no picture can be made. Restart it, or set it to plain H.264."
    ),
    "camera.no_picture": N_("No picture could be made of {packets} packets ({broken} did not decode)."),
    "camera.size": N_("Its picture has {width} x {height} pixels."),
    "camera.small": N_("Its picture has only {width} x {height} pixels: choose its main stream."),
    "camera.rate": N_("It sends {fps} pictures a second."),
    "camera.few": N_("It sends only {fps} pictures a second: set it to five or more."),
    "camera.broken": N_("{broken} of {packets} packets did not decode: the line loses data, or the camera is ill."),
    "camera.frozen": N_("Its picture stands still to the bit: the sensor hangs. Take its power away for a moment."),
    "camera.black": N_("Its picture is black: the lens is covered, or the room is dark."),
    "camera.looped": N_("It sends pictures that it has sent before, as from a recording."),
    "camera.times": N_("The times of {packets} packets go forward."),
    "camera.times_back": N_(
        "Its times do not go forward: {duplicates} given twice, {backward} backwards (by {worst} ms at most). Those pictures are left out."
    ),
    "camera.set_changed": N_(
        "It changed its picture in mid-stream ({count} times; sizes: {sizes}). Fix its size and switch “smart” modes off."
    ),
    "camera.gop": N_("A key picture comes at least every {seconds} s."),
    "camera.gop_long": N_(
        "Key pictures are far apart ({seconds} s; seen: {keys}): each lost connection costs so much. Set it to two seconds."
    ),
    "camera.slow": N_("It comes at {percent} % of its own speed: the line is too thin. Use a cable, or lower its bitrate."),
    "camera.no_clock": N_("It does not say what its clock shows (no RTCP sender reports). Film is dated by the station's clock anyway."),
    "camera.clock": N_("Its clock is right within {seconds} s (by {by})."),
    "camera.clock_wrong": N_(
        "Its clock is wrong by {seconds} s (by {by}). Film is dated by the station's clock; set the camera's all the same."
    ),
    "camera.sound": N_("It offers sound ({codec}). kua never takes it; switch its microphone off."),
    "camera.no_sound": N_("It offers no sound."),
    "camera.viewers": N_("It plays for {count} viewers at once (tried: {tried})."),
    "camera.one_viewer": N_("It plays for one viewer only: no other program may look at it while the station records."),
    "camera.login_lost": N_(
        "It took the login and refused it a moment later: its account is being locked, or another device answers as well."
    ),
    "camera.not_asked": N_("It does not stand in the settings of this station, so it was given no password and asked for no picture."),
}
GRADES: Final = {"good": N_("good"), "flaw": N_("flaw"), "bad": N_("bad"), "unknown": N_("not known")}
VERDICTS: Final = {
    "usable": N_("usable"),
    "reencode": N_("usable, since its film is encoded anew"),
    "unusable": N_("unusable"),
    "unreachable": N_("not reached"),
    "unknown": N_("not asked"),
}
