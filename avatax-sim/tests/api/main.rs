//! The stand-in over real HTTP: every answer here travelled through a socket.

#[cfg(test)]
mod access;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod invitations;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod support;
#[cfg(test)]
mod wrong_answers;
