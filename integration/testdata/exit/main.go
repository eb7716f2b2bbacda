// Exit does nothing: running it shows that its architecture can be run.
package main

func main() {}
