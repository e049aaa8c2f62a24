// AuthorizedKeys
