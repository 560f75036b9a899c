"""All actions of the health system by name; each module keeps those of one kind of care."""

import courses
import hospital
import practice
import prevention
import recording
import treatment

LOCAL_SHARE = 0.025
"""The share of events that are followed by a rare site-local code."""

ACTIONS = {name: act for part in (recording, treatment, prevention, practice, hospital, courses) for name, act in part.ACTIONS.items()}
