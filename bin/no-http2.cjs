/** In the place of undici's HTTP/2 client in the bundle: remote/dispatchers.ts offers HTTP/1.1 alone. */
module.exports = function connectH2() {
  throw new Error('invariant broken: HTTP/2 was never offered');
};
