// SPDX-License-Identifier: Apache-2.0
// The page that checks, for whoever hosts a copy of it: one plain script, since a browser loads no module from a folder that was opened by a double click.

import "../check";
