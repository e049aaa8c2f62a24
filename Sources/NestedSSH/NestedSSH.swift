// NestedSSH
