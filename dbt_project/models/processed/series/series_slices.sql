-- One row per slice of each series whose images are parallel and all have a place.

{{ config(materialized = 'ephemeral', contract = {'enforced': false}) }}

with stacks as (
    -- A cosine of 0.999 is 2.6 degrees.
    select series_instance_uid
    from {{ ref('series_places') }}
    group by series_instance_uid
    having
        count(*) = count(distance_mm)
        and min(cosine) > 0.999
),

steps as (
    select
        places.*,
        places.distance_mm - lag(places.distance_mm) over (
            partition by places.series_instance_uid
            order by places.distance_mm, places.sop_instance_uid
        ) as step_mm
    from {{ ref('series_places') }} as places
    inner join stacks on places.series_instance_uid = stacks.series_instance_uid
),

numbered as (
    -- Images closer than 0.01 mm are at the same place.
    select
        *,
        sum(case when step_mm > 0.01 then 1 else 0 end) over (
            partition by series_instance_uid
            order by distance_mm, sop_instance_uid
            rows unbounded preceding
        ) as slice
    from steps
),

phases as (
    -- One number twice is counted as a repeated number, not here.
    select
        series_instance_uid,
        slice,
        min(distance_mm) as distance_mm,
        count(distinct instance_number)
        + count(case when instance_number is null then 1 end) as images
    from numbered
    group by
        series_instance_uid, slice, acquisition_number, temporal_position_identifier
)

select
    series_instance_uid,
    slice,
    min(distance_mm) as distance_mm,
    sum(images) as images,
    sum(images - 1) as extras,
    count(case when images = 1 then 1 end) as single_phases,
    count(case when images > 1 then 1 end) as crowded_phases
from phases
group by series_instance_uid, slice
