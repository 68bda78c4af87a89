// SPDX-License-Identifier: Apache-2.0
// Looks names up with c-ares. Prints for each: the name, its first address or "-", and the milliseconds.
const {Resolver} = require('dns').promises;

(async () => {
  const resolver = new Resolver();
  for (const name of process.argv.slice(2)) {
    const begin = Date.now();
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = v4.status === 'fulfilled' ? v4.value : v6.status === 'fulfilled' ? v6.value : [];
    console.log(name, found.length ? found[0] : '-', Date.now() - begin);
  }
})();
