"""Getting to a policy server and staying with one: sockets, keys, families of servers, lists of them."""
