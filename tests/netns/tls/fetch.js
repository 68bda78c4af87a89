// SPDX-License-Identifier: Apache-2.0
// Prints what the URL returns.
require("https").get(process.argv[2], { rejectUnauthorized: false, timeout: 5000 }, (response) => response.pipe(process.stdout));
