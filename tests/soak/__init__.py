"""The storm: guests book while everything that can fail does, and then the books must balance."""
